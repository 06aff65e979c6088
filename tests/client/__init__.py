"""Tests of the client, mostly over real HTTP on the loopback interface."""

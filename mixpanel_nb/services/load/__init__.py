"""Loading of user files and data frames into a table of events.

``paths`` finds the files, ``mapping`` decides which field is the event's name, its time, its user and its id
(``presets`` knows those of other tools' exports), ``loader`` loads; ``tables`` has the mapping of tables that
are read where they are. ``mixpanel_nb.storage.inputs`` reads files, ``mixpanel_nb.storage.own_rows`` converts
their rows to events.
"""

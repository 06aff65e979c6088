from __future__ import annotations

from mixpanel_nb.client.jql import ScriptProblem, problem_in

FAILURE = "UserVisiblePreconditionFailedError: Uncaught exception TypeError: x is not a function"


def test_reason_excerpt_and_line() -> None:
    said = f"{FAILURE}\n  return x(1);\n         ^\n\nStack trace:\n  at main"
    script = "function main() {\n    return x(1);\n}"
    assert problem_in(said, script) == ScriptProblem(
        "TypeError: x is not a function", "  return x(1);\n         ^", 2
    )


def test_a_line_that_is_there_twice_has_no_number() -> None:
    said = f"{FAILURE}\n  return x(1);\n         ^"
    assert problem_in(said, "return x(1);\nreturn x(1);").line is None
    assert problem_in(said, "other").line is None


def test_words_alone() -> None:
    assert problem_in("Script ran out of time") == ScriptProblem("Script ran out of time")
    assert problem_in(f"{FAILURE}\n\nStack trace:\n at main") == ScriptProblem(
        "TypeError: x is not a function"
    )
    assert problem_in("") == ScriptProblem("")


def test_an_excerpt_without_a_caret_is_shown_as_it_is() -> None:
    assert problem_in(f"{FAILURE}\nfirst\n  second\n").context == "first\n  second"


def test_a_minified_script_is_cut_around_the_caret() -> None:
    line = "a" * 300 + "x(1)" + "b" * 300
    context = problem_in(f"{FAILURE}\n{line}\n{' ' * 300}^\n").context
    assert context is not None
    shown, caret = context.split("\n")
    assert len(shown) == 100
    assert shown[caret.index("^") :].startswith("x(1)")


def test_a_long_excerpt_keeps_its_first_lines() -> None:
    context = problem_in(FAILURE + "\n" + "\n".join(f"line {n}" for n in range(50))).context
    assert context is not None
    assert context.split("\n") == [f"line {n}" for n in range(10)]

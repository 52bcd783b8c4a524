"""``make docs``: the reference pages, printed by the code that they describe.

``python -m lab.docs --check`` writes nothing and fails when a page differs.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "reference"
NOTE = "<!-- Printed by `make docs`; edit the code, not this page. -->\n\n"


def command_line() -> str:
    """Every verb with its arguments and options."""
    import inspect
    from typing import get_args, get_origin

    from controlroom.cli.app import app

    lines = ["# Command line", "", "One verb per file in `src/controlroom/cli/verbs/`.", ""]
    for command in app.registered_commands:
        verb = command.callback
        assert verb is not None
        lines += [
            f"## `controlroom {command.name or verb.__name__}`",
            "",
            (inspect.getdoc(verb) or "").strip(),
            "",
        ]
        for name, parameter in inspect.signature(verb, eval_str=True).parameters.items():
            info = next((part for part in get_args(parameter.annotation)[1:] if hasattr(part, "help")), None)
            assert get_origin(parameter.annotation) is not None, name
            option = "" if parameter.default is inspect.Parameter.empty else "--"
            label = f"{option}{name.replace('_', '-')}" if option else name.upper()
            declared = [d for d in (getattr(info, "param_decls", None) or ()) if d.startswith("--")]
            lines.append(f"- `{declared[0] if declared else label}`: {getattr(info, 'help', '') or ''}")
        lines.append("")
    return "\n".join([*lines, _exit_codes()])


def _exit_codes() -> str:
    from controlroom.model import errors

    rows = ["## Exit codes", "", "| code | what it means |", "|---|---|", "| 0 | done |"]
    seen: dict[int, list[str]] = {}
    for name in sorted(vars(errors)):
        cls = getattr(errors, name)
        if isinstance(cls, type) and issubclass(cls, errors.ControlRoomError):
            seen.setdefault(cls.exit_code, []).append(
                f"`{name}`: {(cls.__doc__ or '').strip().splitlines()[0]}"
            )
    rows += [f"| {code} | {'; '.join(seen[code])} |" for code in sorted(seen)]
    return "\n".join(rows)


def processors() -> str:
    """Every processor with its knobs."""
    from controlroom.processors.form import all_processors, knob_info

    lines = [
        "# Processors",
        "",
        "The hands: one file each in `src/controlroom/processors/`, found by listing the folder.",
        "",
    ]
    for name, cls in all_processors().items():
        lines += [f"## {name}", "", (cls.__doc__ or "").strip(), ""]
        lines += [
            f"Stage {cls.stage}, order {cls.order}, version {cls.version}; answers: {', '.join(cls.answers) or 'nothing by itself'}."
        ]
        lines += [
            "Only a person may accept it." if cls.person_only else "",
            "",
            "| knob | default | range | step | unit | what it does |",
            "|---|---|---|---|---|---|",
        ]
        for knob in cls.model_fields:
            info = knob_info(cls, knob)
            span = f"{info['low']} … {info['high']}" if info["low"] is not None else ""
            lines.append(
                f"| `{knob}` | {info['default']} | {span} | {info['step'] or ''} | {info['unit']} | {info['help']} |"
            )
        lines.append("")
    return "\n".join(lines)


def findings() -> str:
    """Every finding kind, and who answers it."""
    from controlroom.detectors.form import all_detectors
    from controlroom.processors.form import all_processors

    lines = ["# Findings", "", "| kind | detector | answered by |", "|---|---|---|"]
    answers = {kind: name for name, cls in all_processors().items() for kind in cls.answers}
    rows = [(kind, name) for name, detector in all_detectors().items() for kind in detector.kinds]
    lines += [f"| {kind} | {name} | {answers.get(kind, 'a person')} |" for kind, name in sorted(rows)]
    return "\n".join(lines)


def standards() -> str:
    """Every number that anything is judged by."""
    from controlroom.studio.standards import shipped_standards

    lines = [
        "# Standards",
        "",
        "Lay your own over these with `--standards FILE`.",
        "",
        "| key | value | what it is for | where it comes from |",
        "|---|---|---|---|",
    ]
    for key, entry in sorted(shipped_standards().entries.items()):
        value = f"{len(entry.value)} values" if isinstance(entry.value, tuple) else entry.value
        lines.append(f"| `{key}` | {value} {entry.unit} | {entry.help} | {entry.origin} |")
    return "\n".join(lines)


def errors() -> str:
    """Every error code in the source, with its message."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and len(node.args) >= 2 and isinstance(node.args[0], ast.Constant):
                code = node.args[0].value
                if (
                    isinstance(code, str)
                    and "." in code
                    and " " not in code
                    and isinstance(node.func, ast.Name)
                    and node.func.id.endswith(("Error", "Fault"))
                ):
                    found[code] = ast.unparse(node.args[1]).removeprefix("f").strip("'\"")
    rows = [f"| `{code}` | {text.replace('|', '/')} |" for code, text in sorted(found.items())]
    return "\n".join(
        [
            "# Error codes",
            "",
            "What stands in braces is the value that was given.",
            "",
            "| code | message |",
            "|---|---|",
            *rows,
        ]
    )


REFERENCE: Mapping[str, Callable[[], str]] = {
    "command-line.md": command_line,
    "processors.md": processors,
    "findings.md": findings,
    "standards.md": standards,
    "errors.md": errors,
}


def page(name: str) -> str:
    """Return a page as it should stand."""
    return NOTE + REFERENCE[name]().rstrip() + "\n"


def stale() -> list[str]:
    """Return the pages that differ from what the code prints."""
    return [
        name
        for name in REFERENCE
        if not (PAGES / name).is_file() or (PAGES / name).read_text(encoding="utf-8") != page(name)
    ]


def main() -> int:
    """Write the pages, or check them."""
    if "--check" in sys.argv:
        for name in stale():
            print(f"docs/reference/{name} is not what the code prints: run `make docs`")
        return 1 if stale() else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in REFERENCE:
        (PAGES / name).write_text(page(name), encoding="utf-8")
        print(f"docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

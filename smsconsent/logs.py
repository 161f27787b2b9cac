"""Logs that hold no phone number: law.md L53."""

import logging
import re

import structlog

# PRIVACY: eight digits or more in a row, however they are spaced, may be somebody's number.
_NUMBER = re.compile(r"(?<![\w-])\+?\d(?:[ .\u00a0]?\d){7,}(?![\w-])")

# PRIVACY: what a line may say beside its words: ids, counts, names of roles. What libraries add stays out.
EXTRA = ("by", "colleague", "count", "inbound", "role", "user")


class NumberFilter(logging.Filter):
    """Masks whatever looks like a phone number in the finished log line."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        masked = _NUMBER.sub("[number]", message)
        if masked != message:
            record.msg, record.args = masked, ()
        return True


def make_formatter(*, colors: bool) -> logging.Formatter:
    """Return one line an event: for the eye when `colors`, else JSON."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=False)
        if colors
        else structlog.processors.JSONRenderer()
    )
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(EXTRA),
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )

"""The language in which trials are looked for: ``params.lr < 0.1 and tags.stage = "dev" and started > -7d``.

::

    filter    = [ either ]
    either    = both { "or" both }
    both      = one { "and" one }
    one       = { "not" } ( "(" either ")" | STRING | condition )
    condition = KEY OPERATOR VALUE
              | KEY [ "not" ] "in" "(" VALUE { "," VALUE } ")"
              | KEY "is" ( "present" | "missing" )
    OPERATOR  = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~"

A ``STRING`` alone is looked for anywhere. Keys are those of :mod:`studio_ext.core.trial_keys`. What a value means
depends on the key, see :mod:`studio_ext.core.trial_filter.values`. Words are read in upper and lower case alike.
"""

from studio_ext.core.trial_filter.completion import Suggestions, complete
from studio_ext.core.trial_filter.conditions import conditions_of, write
from studio_ext.core.trial_filter.errors import WrongFilter
from studio_ext.core.trial_filter.nodes import (
    And,
    Condition,
    Flag,
    Mention,
    Moment,
    Node,
    Not,
    Number,
    Operator,
    Or,
    Text,
    Value,
)
from studio_ext.core.trial_filter.parser import parse

__all__ = [
    "And",
    "Condition",
    "Flag",
    "Mention",
    "Moment",
    "Node",
    "Not",
    "Number",
    "Operator",
    "Or",
    "Suggestions",
    "Text",
    "Value",
    "WrongFilter",
    "complete",
    "conditions_of",
    "parse",
    "write",
]

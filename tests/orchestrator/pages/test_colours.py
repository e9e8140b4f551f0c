"""Colours, patterns and icons of the letters."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from orchestrator.selectors.tasks import variant_color
from orchestrator.states import (
    LETTERS,
    VARIANTS_MAX,
)

CSS = Path(settings.BASE_DIR) / "static" / "css"


def test_every_letter_has_its_colour_its_pattern_and_its_icon() -> None:
    tokens = (CSS / "tokens.css").read_text()
    patterns = []
    for letter in LETTERS[:VARIANTS_MAX]:
        light = re.search(rf"--v{letter.lower()}: light-dark\((#\w+),", tokens)
        assert light
        assert light[1] == variant_color(letter)
        rule = re.search(rf"\.v-{letter.lower()} \{{.*--v-pat: (.*?); \}}", tokens)
        assert rule
        patterns.append(rule[1])
        icon = CSS.parent / "img" / f"favicon-{letter.lower()}.svg"
        assert variant_color(letter) in icon.read_text()
    assert len(set(patterns)) == VARIANTS_MAX


def test_colours_stand_in_the_tokens_only() -> None:
    for sheet in CSS.glob("*.css"):
        if sheet.name != "tokens.css":
            assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;,\s)])", sheet.read_text()), sheet.name

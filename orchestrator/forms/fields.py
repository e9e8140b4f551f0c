"""What the forms of the pages share. They parse what people type; what is allowed is decided by the services."""

from __future__ import annotations

from typing import Any

from django import forms

LINES = forms.Textarea(attrs={"rows": 3, "class": "in mono", "spellcheck": "false"})


class BoundForm(forms.Form):
    """Fields carry the class of their control, and say to assistive technology what is wrong with them."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            checkbox = isinstance(field.widget, forms.CheckboxInput | forms.RadioSelect)
            field.widget.attrs.setdefault("class", "" if checkbox else "in")


def pairs_read(text: str) -> dict[str, str]:
    """`NAME=value` lines; raises ValidationError naming the line that is none."""
    pairs: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, sign, value = line.partition("=")
        if not sign or not name.strip():
            raise forms.ValidationError(f"Line {number} is not NAME=value: {line[:60]}")
        pairs[name.strip()] = value
    return pairs

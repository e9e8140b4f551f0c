"""Signing in."""

from __future__ import annotations

from django import forms

from orchestrator.forms.fields import BoundForm


class LoginForm(BoundForm):
    username = forms.CharField(
        label="Name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

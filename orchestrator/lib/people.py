"""People's names as others read them."""

from __future__ import annotations

from django.contrib.auth.models import User

OWNER_NAME = "You"  # what the first account is called, for who is alone with it


def person_name(user: User) -> str:
    """The full name, else the name one signs in with. Only to themselves is anybody “You”."""
    full = user.get_full_name()
    return full if full and full != OWNER_NAME else user.get_username()

"""Secret text is ciphertext in the database, and keys can be rotated."""

import pytest
from cryptography.fernet import Fernet, InvalidToken

from core.secrets import EncryptedTextField, decrypt, encrypt, fingerprint


def test_what_is_encrypted_is_read_back_and_never_the_same_twice():
    assert decrypt(encrypt("user:pass")) == "user:pass"
    assert encrypt("user:pass") != encrypt("user:pass")


def test_a_new_key_in_front_still_reads_what_the_old_one_wrote(settings):
    old = settings.FIELD_ENCRYPTION_KEYS
    token = encrypt("user:pass")
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *old]
    assert decrypt(token) == "user:pass"
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(InvalidToken):
        decrypt(token)


def test_a_fingerprint_finds_the_same_text_without_telling_it():
    assert fingerprint("a") == fingerprint("a") != fingerprint("b")


def test_an_encrypted_field_can_not_be_searched():
    with pytest.raises(TypeError):
        EncryptedTextField().get_lookup("exact")

"""The protocol that bots for SMS codes speak (`handler_api.php`), over the same acts as the pages of numbers."""

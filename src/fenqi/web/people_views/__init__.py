"""Pages about the person: sign-in, the steps of identity, contact and card, the contact's own page, the account."""

-- Never filled. Bringing a withdrawn version back in the database gives nobody a right, and of a destroyed one nothing is left to bring back.
ALTER TABLE crypto_machine.root_key DROP COLUMN status_mac;

-- The service's account: it may read the one table and nothing else. Run after schema.sql, as an administrator; running
-- it again changes nothing.
--
-- It is created locked and without a password, so no password stands in this file. Set one, and unlock the account, as
-- the README shows:
--   ALTER USER 'bookinfo'@'%' IDENTIFIED BY '...' ACCOUNT UNLOCK;

CREATE USER IF NOT EXISTS 'bookinfo'@'%' ACCOUNT LOCK;

GRANT SELECT ON test.ratings TO 'bookinfo'@'%';

-- Removes the account and the table. The database 'test' stays: it may hold what others need.
-- (To drop it too: DROP DATABASE IF EXISTS test;)

DROP USER IF EXISTS 'bookinfo'@'%';

CREATE DATABASE IF NOT EXISTS test;

DROP TABLE IF EXISTS test.ratings;

-- The database, its table and two reviews. Run as an administrator; running it again changes nothing.

CREATE DATABASE IF NOT EXISTS test;

CREATE TABLE IF NOT EXISTS test.ratings (
  ReviewID INT NOT NULL,
  Rating INT,
  PRIMARY KEY (ReviewID)
);

INSERT INTO test.ratings (ReviewID, Rating) VALUES (1, 5), (2, 4)
  ON DUPLICATE KEY UPDATE ReviewID = test.ratings.ReviewID;

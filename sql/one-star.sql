-- The walk-through's change: the first reviewer's rating falls to one star. The next request shows it.
-- Back again: UPDATE test.ratings SET Rating = 5 WHERE ReviewID = 1;

UPDATE test.ratings SET Rating = 1 WHERE ReviewID = 1;

SELECT ReviewID, Rating FROM test.ratings ORDER BY ReviewID;

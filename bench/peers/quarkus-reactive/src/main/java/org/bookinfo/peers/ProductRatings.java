package org.bookinfo.peers;

record ProductRatings(int id, Ratings ratings) {
}

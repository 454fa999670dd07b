package org.bookinfo.peers;

import com.fasterxml.jackson.annotation.JsonProperty;

record Ratings(@JsonProperty("Reviewer1") int reviewer1, @JsonProperty("Reviewer2") int reviewer2) {
}

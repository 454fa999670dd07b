package org.bookinfo.ratings;

import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * The body of every answer that is not a success.
 */
@RegisterForReflection // written as JSON, where no resource method declares it
record ErrorMessage(String error) {
}

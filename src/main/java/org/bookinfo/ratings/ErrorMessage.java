package org.bookinfo.ratings;

import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * The body of every response that is not a success.
 */
@RegisterForReflection // Jackson writes it, and no resource method declares it
record ErrorMessage(String error) {
}

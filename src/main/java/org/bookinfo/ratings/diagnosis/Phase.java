package org.bookinfo.ratings.diagnosis;

/**
 * How far a connection to the database has come, as this side sees it.
 */
public enum Phase {

    /** The driver prepares the login: in a new process on a busy machine, that takes seconds. */
    STARTED,

    /** The host name is being resolved. */
    LOOKUP,

    /** A TCP connection is being opened. */
    CONNECTING,

    /** The TCP connection is open. In MySQL's protocol, the server speaks first. */
    ACCEPTED,

    /** The server's first byte has arrived. */
    GREETED,

    /** This side has answered the greeting: the TLS handshake, if any, and the login are under way. */
    LOGIN,

    /** The login is complete; statements can be executed. */
    STATEMENT;

    public boolean isBeforeConnecting() {
        return this == STARTED || this == LOOKUP;
    }

    public boolean isDuringLogin() {
        return this == GREETED || this == LOGIN;
    }
}

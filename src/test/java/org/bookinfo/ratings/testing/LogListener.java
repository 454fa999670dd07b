package org.bookinfo.ratings.testing;

import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Passes on what is logged, from the start of a test to its end.
 */
public final class LogListener extends Handler {

    private final Logger logger;
    private final Consumer<LogRecord> lines;

    /** @param name the logger's: it and those below it are listened to */
    public LogListener(String name, Consumer<LogRecord> lines) {
        this.lines = lines;
        logger = Logger.getLogger(name);
        logger.addHandler(this);
    }

    @Override
    public void publish(LogRecord line) {
        lines.accept(line);
    }

    @Override
    public void flush() {
        // Nothing is kept.
    }

    @Override
    public void close() {
        logger.removeHandler(this);
    }
}

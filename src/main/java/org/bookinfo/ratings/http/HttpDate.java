package org.bookinfo.ratings.http;

import java.util.Date;

import io.netty.handler.codec.DateFormatter;
import io.netty.util.AsciiString;

/**
 * The time as the {@code Date} header has it, formatted once a second.
 */
final class HttpDate {

    private static volatile HttpDate last = new HttpDate(0);

    private final long second;
    private final CharSequence text;

    private HttpDate(long second) {
        this.second = second;
        text = AsciiString.of(DateFormatter.format(new Date(second * 1_000)));
    }

    static CharSequence now() {
        long second = System.currentTimeMillis() / 1_000;
        HttpDate date = last;
        if (date.second != second) {
            date = new HttpDate(second);
            last = date;
        }
        return date.text;
    }
}

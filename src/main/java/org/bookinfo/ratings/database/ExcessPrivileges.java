package org.bookinfo.ratings.database;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.regex.Pattern;

import org.jboss.logging.Logger;

/**
 * Whether an account may do more than it needs to, which is to read one table.
 */
final class ExcessPrivileges {

    private static final Logger LOG = Logger.getLogger(ExcessPrivileges.class);

    /** What the operator is told of such an account. */
    static final String HINT = "may do more than SELECT from test.ratings; sql/user.sql has an account that may not";

    /** What SHOW GRANTS shows of an account that may read the table and nothing else. */
    private static final Pattern LEAST_PRIVILEGE = Pattern
            .compile(
                    "GRANT (USAGE ON \\*\\.\\*|SELECT( \\([^)]*\\))? ON `test`\\.`ratings`) TO (?!.* WITH GRANT OPTION).*");

    private ExcessPrivileges() {
    }

    /** False where the server does not tell. */
    static boolean found(Connection connection) {
        try (Statement statement = connection.createStatement();
                ResultSet grants = statement.executeQuery("SHOW GRANTS")) {
            while (grants.next()) {
                if (!LEAST_PRIVILEGE.matcher(grants.getString(1)).matches()) {
                    return true;
                }
            }
            return false;
        } catch (SQLException e) {
            LOG.debug("The server does not tell the account's grants", e); // a proxy in front of it may not know them
            return false;
        }
    }
}

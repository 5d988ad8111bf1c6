-- A contact without attempts has no counts of its day and window: the row takes eight bytes less.
-- The only clients of the tables are the services, and they read an absent count as 0.
-- squawk-ignore-file ban-drop-not-null, ban-drop-default
ALTER TABLE contacts
    ALTER COLUMN attempts_on_day DROP NOT NULL,
    ALTER COLUMN attempts_on_day DROP DEFAULT,
    ALTER COLUMN attempts_in_window DROP NOT NULL,
    ALTER COLUMN attempts_in_window DROP DEFAULT;

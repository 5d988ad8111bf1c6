-- All numbers of the contacts that have several, in the order in which they are tried. Each has its
-- own calling group. One that is passed over is never called again: nobody is reached there.
-- Written by the api; events passes numbers over. No foreign key, as in contacts.
CREATE TABLE contact_numbers (
    contact_id bigint NOT NULL,
    tenant_id integer NOT NULL,
    calling_group_id integer NOT NULL,
    position smallint NOT NULL CHECK (position > 0),
    is_passed_over boolean NOT NULL DEFAULT false,
    number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
    PRIMARY KEY (tenant_id, contact_id, position)
);
-- Serves contact_edits.find, exclusions.settle and erasures.find.
CREATE INDEX contact_numbers_number ON contact_numbers (tenant_id, number);
SELECT open_to_api('contact_numbers');

-- The number that is called next, of a contact with several; NULL: it has one. `number` stays the
-- first one, by which the campaign knows the contact. `calling_group_id` is that of the next number.
ALTER TABLE contacts ADD COLUMN next_number text;
-- What an attempt of the contact dials, and holds as its own `phone`. It is virtual, so it takes no room
-- and no table is written anew. Behind a policy no index takes a condition with COALESCE.
-- squawk-ignore adding-field-with-default
ALTER TABLE contacts ADD COLUMN phone text GENERATED ALWAYS AS (
    CASE WHEN next_number IS NULL THEN number ELSE next_number END
) VIRTUAL;
-- Serves given_up.further_groups and go_on. Not CONCURRENTLY, as in 0002: it begins without an entry.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX contacts_several ON contacts (tenant_id, campaign_id)
    WHERE state = 'pending' AND next_number IS NOT NULL;

-- The number that an attempt dialed, of a contact with several. The contact may have gone on to
-- another since, and an attempt that has ended holds no number.
CREATE FUNCTION dialed_number(tenant integer, attempt uuid)
RETURNS TABLE (number text, calling_group_id integer) LANGUAGE sql STABLE AS $$
    SELECT own.number, own.calling_group_id
    FROM call_records AS record
    JOIN contact_numbers AS own ON own.tenant_id = record.tenant_id
        AND own.contact_id = record.contact_id AND own.number = record.number
    WHERE record.tenant_id = tenant AND record.attempt_id = attempt
$$;

-- The number that an attempt dialed, as the record of its call has it: the contact may have gone on to
-- another since, and an attempt that has ended holds no number. The calling group is NULL if the
-- contact has one number, or has this one no more.
CREATE OR REPLACE FUNCTION dialed_number(tenant integer, attempt uuid)
RETURNS TABLE (number text, calling_group_id integer) LANGUAGE sql STABLE AS $$
    SELECT record.number, own.calling_group_id
    FROM call_records AS record
    LEFT JOIN contact_numbers AS own ON own.tenant_id = record.tenant_id
        AND own.contact_id = record.contact_id AND own.number = record.number
    WHERE record.tenant_id = tenant AND record.attempt_id = attempt
$$;

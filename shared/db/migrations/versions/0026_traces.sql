-- The traceparent of the request that a contact is called for, if it is one call of its own.
ALTER TABLE contacts ADD COLUMN traceparent text;

-- That of the last command to the campaign.
ALTER TABLE campaigns ADD COLUMN traceparent text;

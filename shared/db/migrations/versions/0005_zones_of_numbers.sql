-- Zones in which the number may be and the address is not. Only rules that ask for all places read
-- them. NULL in groups of before, whose numbers may be in any zone of the places of their group.
ALTER TABLE calling_groups ADD COLUMN number_zones text[];
ALTER TABLE calling_groups ALTER COLUMN number_zones SET DEFAULT '{}';
-- The new constraint, in the same transaction, guarantees the same of these groups.
-- squawk-ignore ban-drop-constraint
ALTER TABLE calling_groups DROP CONSTRAINT calling_groups_combination;
-- The table has a few thousand rows at most, so the lock is short.
-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
ALTER TABLE calling_groups ADD CONSTRAINT calling_groups_combination
    UNIQUE (zones, source, jurisdictions, jurisdiction_source, number_zones);

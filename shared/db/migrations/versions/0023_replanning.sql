-- The number after which an edit still has contacts of the campaign to plan anew; NULL: none.
ALTER TABLE campaigns ADD COLUMN replan_after text;
-- Serves replanning.campaigns. Not CONCURRENTLY, as in 0002: the table is small.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX campaigns_replanned ON campaigns (tenant_id, id) WHERE replan_after IS NOT NULL;

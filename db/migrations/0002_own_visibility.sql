ALTER TABLE "activity" ADD COLUMN "own_visibility" smallint;--> statement-breakpoint
ALTER TABLE "thread" ADD COLUMN "own_visibility" smallint;
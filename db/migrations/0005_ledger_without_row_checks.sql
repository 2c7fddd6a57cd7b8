ALTER TABLE "raw_record" DROP CONSTRAINT "raw_record_community_id_community_id_fk";
--> statement-breakpoint
ALTER TABLE "raw_record" DROP CONSTRAINT "raw_record_community_id_source_id_source_community_id_id_fk";
--> statement-breakpoint
ALTER TABLE "thread" DROP CONSTRAINT "thread_community_id_community_id_fk";
--> statement-breakpoint
ALTER TABLE "thread" DROP CONSTRAINT "thread_community_id_source_id_source_community_id_id_fk";
--> statement-breakpoint
ALTER TABLE "thread" DROP CONSTRAINT "thread_community_id_channel_id_channel_community_id_id_fk";

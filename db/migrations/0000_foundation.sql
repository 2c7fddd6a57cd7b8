CREATE TABLE "mail_message" (
	"id" uuid PRIMARY KEY NOT NULL,
	"scope" text,
	"recipient" text NOT NULL,
	"subject" text NOT NULL,
	"text" text NOT NULL,
	"html" text,
	"state" text DEFAULT 'waiting' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error" text,
	"dedupe_key" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"sent_at" timestamp with time zone,
	"next_attempt_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "mail_message_dedupe_key_unique" UNIQUE("dedupe_key")
);
--> statement-breakpoint
CREATE TABLE "api_key" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"account_id" text NOT NULL,
	"name" text NOT NULL,
	"prefix" text NOT NULL,
	"key_hash" text NOT NULL,
	"scopes" text[] NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "api_key_community_id_id_pk" PRIMARY KEY("community_id","id")
);
--> statement-breakpoint
CREATE TABLE "audit_entry" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"object_kind" text NOT NULL,
	"object_id" text NOT NULL,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "audit_entry_community_id_id_pk" PRIMARY KEY("community_id","id")
);
--> statement-breakpoint
CREATE TABLE "auth_account" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"account_id" text NOT NULL,
	"provider_id" text NOT NULL,
	"password" text,
	"access_token" text,
	"refresh_token" text,
	"id_token" text,
	"access_token_expires_at" timestamp with time zone,
	"refresh_token_expires_at" timestamp with time zone,
	"scope" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "auth_account_key" UNIQUE("provider_id","account_id")
);
--> statement-breakpoint
CREATE TABLE "auth_rate_limit" (
	"id" text PRIMARY KEY DEFAULT gen_random_uuid()::text NOT NULL,
	"key" text NOT NULL,
	"count" integer NOT NULL,
	"last_request" bigint NOT NULL,
	CONSTRAINT "auth_rate_limit_key_unique" UNIQUE("key")
);
--> statement-breakpoint
CREATE TABLE "auth_session" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"token" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"ip_address" text,
	"user_agent" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "auth_session_token_unique" UNIQUE("token")
);
--> statement-breakpoint
CREATE TABLE "auth_two_factor" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"secret" text NOT NULL,
	"backup_codes" text NOT NULL,
	"verified" boolean DEFAULT true NOT NULL,
	"failed_verification_count" integer DEFAULT 0 NOT NULL,
	"locked_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "auth_user" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"email_verified" boolean DEFAULT false NOT NULL,
	"image" text,
	"two_factor_enabled" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "auth_user_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "auth_verification" (
	"id" text PRIMARY KEY NOT NULL,
	"identifier" text NOT NULL,
	"value" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "community" (
	"id" uuid PRIMARY KEY NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"tagline" text DEFAULT '' NOT NULL,
	"time_zone" text DEFAULT 'UTC' NOT NULL,
	"portal_open" boolean DEFAULT true NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "community_slug_unique" UNIQUE("slug")
);
--> statement-breakpoint
CREATE TABLE "invitation" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"role" text NOT NULL,
	"note" text DEFAULT '' NOT NULL,
	"token_hash" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"accepted_at" timestamp with time zone,
	"accepted_by" text,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "invitation_community_id_id_pk" PRIMARY KEY("community_id","id")
);
--> statement-breakpoint
CREATE TABLE "membership" (
	"community_id" uuid NOT NULL,
	"account_id" text NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "membership_community_id_account_id_pk" PRIMARY KEY("community_id","account_id")
);
--> statement-breakpoint
CREATE TABLE "setup_token" (
	"id" text PRIMARY KEY NOT NULL,
	"token_hash" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "signal" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"activity_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"thread_id" uuid,
	"identity_id" uuid,
	"visibility" smallint NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"kind" text NOT NULL,
	"quote" text NOT NULL,
	"quote_start" integer NOT NULL,
	"quote_end" integer NOT NULL,
	"rule" text NOT NULL,
	"reason" text NOT NULL,
	"confidence" real NOT NULL,
	"state" text DEFAULT 'suggested' NOT NULL,
	"withdrawn_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "signal_community_id_id_pk" PRIMARY KEY("community_id","id"),
	CONSTRAINT "signal_key" UNIQUE("community_id","activity_id","kind")
);
--> statement-breakpoint
CREATE TABLE "signal_decision" (
	"community_id" uuid NOT NULL,
	"signal_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"action" text NOT NULL,
	"state_before" text NOT NULL,
	"other_signal_id" uuid,
	"other_state_before" text,
	"author" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"undone_at" timestamp with time zone,
	CONSTRAINT "signal_decision_community_id_signal_id_id_pk" PRIMARY KEY("community_id","signal_id","id")
);
--> statement-breakpoint
CREATE TABLE "activity" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"external_id" text NOT NULL,
	"channel_id" uuid NOT NULL,
	"thread_id" uuid,
	"reply_to" text,
	"identity_id" uuid,
	"unattributed" text,
	"visibility" smallint NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"edited_at" timestamp with time zone,
	"deleted_at" timestamp with time zone,
	"title" text,
	"body" text,
	"url" text,
	"attributes" jsonb,
	"content_hash" bigint NOT NULL,
	CONSTRAINT "activity_community_id_id_pk" PRIMARY KEY("community_id","id"),
	CONSTRAINT "activity_key" UNIQUE("community_id","source_id","external_id","kind")
);
--> statement-breakpoint
CREATE TABLE "channel" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"external_id" text NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"url" text,
	"visibility" smallint NOT NULL,
	CONSTRAINT "channel_community_id_id_pk" PRIMARY KEY("community_id","id"),
	CONSTRAINT "channel_key" UNIQUE("community_id","source_id","external_id")
);
--> statement-breakpoint
CREATE TABLE "identity" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"platform" text NOT NULL,
	"external_id" text NOT NULL,
	"display_name" text,
	"login" text,
	"email" text,
	"email_verified" boolean DEFAULT false NOT NULL,
	"avatar_url" text,
	"url" text,
	"kind" text DEFAULT 'human' NOT NULL,
	"kind_reason" text,
	"kind_locked" boolean DEFAULT false NOT NULL,
	"member_id" uuid NOT NULL,
	"first_seen_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "identity_community_id_id_pk" PRIMARY KEY("community_id","id"),
	CONSTRAINT "identity_key" UNIQUE("community_id","platform","external_id")
);
--> statement-breakpoint
CREATE TABLE "identity_label" (
	"community_id" uuid NOT NULL,
	"identity_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"value" text NOT NULL,
	"first_seen_at" timestamp with time zone,
	CONSTRAINT "identity_label_community_id_identity_id_kind_value_pk" PRIMARY KEY("community_id","identity_id","kind","value")
);
--> statement-breakpoint
CREATE TABLE "identity_link" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"identity_a" uuid NOT NULL,
	"identity_b" uuid NOT NULL,
	"state" text NOT NULL,
	"rule" text NOT NULL,
	"evidence" text NOT NULL,
	"strength" real NOT NULL,
	"author" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "identity_link_community_id_id_pk" PRIMARY KEY("community_id","id"),
	CONSTRAINT "identity_link_pair" UNIQUE("community_id","identity_a","identity_b","rule")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"threads" uuid[] NOT NULL,
	"identities" uuid[] NOT NULL,
	"activities" uuid[] NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "outbox_community_id_id_pk" PRIMARY KEY("community_id","id")
);
--> statement-breakpoint
CREATE TABLE "outbox_delivery" (
	"community_id" uuid NOT NULL,
	"consumer" text NOT NULL,
	"outbox_id" uuid NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error" text,
	CONSTRAINT "outbox_delivery_community_id_consumer_outbox_id_pk" PRIMARY KEY("community_id","consumer","outbox_id")
);
--> statement-breakpoint
CREATE TABLE "raw_record" (
	"community_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"stream" text NOT NULL,
	"external_id" text NOT NULL,
	"payload" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"normalize_version" integer NOT NULL,
	"as_of" timestamp with time zone,
	"threads" uuid[] NOT NULL,
	"activities" integer NOT NULL,
	"identities" uuid[] NOT NULL,
	"fetched_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "raw_record_community_id_source_id_stream_external_id_pk" PRIMARY KEY("community_id","source_id","stream","external_id")
);
--> statement-breakpoint
CREATE TABLE "rejected_record" (
	"community_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"stream" text NOT NULL,
	"key" text NOT NULL,
	"sync_id" uuid NOT NULL,
	"place" text NOT NULL,
	"reason" text NOT NULL,
	"remedy" text NOT NULL,
	"excerpt" text,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "rejected_record_community_id_source_id_stream_key_pk" PRIMARY KEY("community_id","source_id","stream","key")
);
--> statement-breakpoint
CREATE TABLE "source" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connector" text NOT NULL,
	"origin" text NOT NULL,
	"name" text NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"visibility_floor" smallint,
	"paused" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "source_community_id_id_pk" PRIMARY KEY("community_id","id"),
	CONSTRAINT "source_origin" UNIQUE("community_id","origin")
);
--> statement-breakpoint
CREATE TABLE "stream" (
	"community_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"name" text NOT NULL,
	"cursor" jsonb,
	"reported" jsonb,
	"reported_at" timestamp with time zone,
	"last_success_at" timestamp with time zone,
	"next_run_at" timestamp with time zone,
	CONSTRAINT "stream_community_id_source_id_name_pk" PRIMARY KEY("community_id","source_id","name")
);
--> statement-breakpoint
CREATE TABLE "sync" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"trigger" text NOT NULL,
	"state" text NOT NULL,
	"subject" text,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	"heartbeat_at" timestamp with time zone,
	"counts" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"progress" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"error" jsonb,
	CONSTRAINT "sync_community_id_id_pk" PRIMARY KEY("community_id","id")
);
--> statement-breakpoint
CREATE TABLE "sync_log" (
	"community_id" uuid NOT NULL,
	"sync_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"level" text NOT NULL,
	"message" text NOT NULL,
	CONSTRAINT "sync_log_community_id_sync_id_id_pk" PRIMARY KEY("community_id","sync_id","id")
);
--> statement-breakpoint
CREATE TABLE "thread" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"external_id" text NOT NULL,
	"channel_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"ref" text,
	"title" text NOT NULL,
	"url" text,
	"visibility" smallint NOT NULL,
	"state" text NOT NULL,
	"state_reason" text,
	"labels" text[] DEFAULT '{}' NOT NULL,
	"opened_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	"deleted_at" timestamp with time zone,
	"opener_id" uuid,
	"attributes" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"last_activity_at" timestamp with time zone NOT NULL,
	"activity_count" integer DEFAULT 0 NOT NULL,
	"participant_count" integer DEFAULT 0 NOT NULL,
	"question" text DEFAULT 'none' NOT NULL,
	"question_reason" text,
	"waiting_since" timestamp with time zone,
	"first_response_at" timestamp with time zone,
	"first_response_by" text,
	CONSTRAINT "thread_community_id_id_pk" PRIMARY KEY("community_id","id"),
	CONSTRAINT "thread_key" UNIQUE("community_id","source_id","external_id")
);
--> statement-breakpoint
CREATE TABLE "dirty_identity" (
	"community_id" uuid NOT NULL,
	"identity_id" uuid NOT NULL,
	CONSTRAINT "dirty_identity_community_id_identity_id_pk" PRIMARY KEY("community_id","identity_id")
);
--> statement-breakpoint
CREATE TABLE "identity_activity" (
	"community_id" uuid NOT NULL,
	"identity_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"visibility" smallint NOT NULL,
	"count" integer NOT NULL,
	"first_at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone NOT NULL,
	CONSTRAINT "identity_activity_community_id_identity_id_source_id_visibility_pk" PRIMARY KEY("community_id","identity_id","source_id","visibility")
);
--> statement-breakpoint
CREATE TABLE "kind_suggestion" (
	"community_id" uuid NOT NULL,
	"identity_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"decided_at" timestamp with time zone,
	CONSTRAINT "kind_suggestion_community_id_identity_id_kind_pk" PRIMARY KEY("community_id","identity_id","kind")
);
--> statement-breakpoint
CREATE TABLE "member" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"display_name" text NOT NULL,
	"avatar_url" text,
	"kind" text DEFAULT 'human' NOT NULL,
	"mixed" boolean DEFAULT false NOT NULL,
	"visibility" smallint NOT NULL,
	"activity_counts" integer[] DEFAULT '{0,0,0,0}' NOT NULL,
	"first_activity_at" timestamp with time zone[] NOT NULL,
	"last_activity_at" timestamp with time zone[] NOT NULL,
	"identity_count" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "member_community_id_id_pk" PRIMARY KEY("community_id","id")
);
--> statement-breakpoint
CREATE TABLE "member_day" (
	"community_id" uuid NOT NULL,
	"identity_id" uuid NOT NULL,
	"day" date NOT NULL,
	"source_id" uuid NOT NULL,
	"visibility" smallint NOT NULL,
	"count" integer NOT NULL,
	CONSTRAINT "member_day_community_id_identity_id_day_source_id_visibility_pk" PRIMARY KEY("community_id","identity_id","day","source_id","visibility")
);
--> statement-breakpoint
CREATE TABLE "member_text" (
	"community_id" uuid NOT NULL,
	"member_id" uuid NOT NULL,
	"text" text NOT NULL,
	CONSTRAINT "member_text_community_id_member_id_pk" PRIMARY KEY("community_id","member_id")
);
--> statement-breakpoint
CREATE TABLE "question_mark" (
	"community_id" uuid NOT NULL,
	"thread_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"mark" text NOT NULL,
	"author" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"withdrawn_at" timestamp with time zone,
	CONSTRAINT "question_mark_community_id_thread_id_id_pk" PRIMARY KEY("community_id","thread_id","id")
);
--> statement-breakpoint
CREATE TABLE "activity_day" (
	"community_id" uuid NOT NULL,
	"day" text NOT NULL,
	"source_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"visibility" smallint NOT NULL,
	"author_kind" text NOT NULL,
	"count" integer NOT NULL,
	CONSTRAINT "activity_day_community_id_day_source_id_kind_visibility_author_kind_pk" PRIMARY KEY("community_id","day","source_id","kind","visibility","author_kind")
);
--> statement-breakpoint
CREATE TABLE "dirty_day" (
	"community_id" uuid NOT NULL,
	"day" text NOT NULL,
	CONSTRAINT "dirty_day_community_id_day_pk" PRIMARY KEY("community_id","day")
);
--> statement-breakpoint
CREATE TABLE "search_document" (
	"community_id" uuid NOT NULL,
	"activity_id" uuid NOT NULL,
	"thread_id" uuid,
	"visibility" smallint NOT NULL,
	"occurred_at" timestamp with time zone NOT NULL,
	"tokens" "tsvector" NOT NULL,
	CONSTRAINT "search_document_community_id_activity_id_pk" PRIMARY KEY("community_id","activity_id")
);
--> statement-breakpoint
CREATE TABLE "search_title" (
	"community_id" uuid NOT NULL,
	"thread_id" uuid NOT NULL,
	"visibility" smallint NOT NULL,
	"title" text NOT NULL,
	CONSTRAINT "search_title_community_id_thread_id_pk" PRIMARY KEY("community_id","thread_id")
);
--> statement-breakpoint
CREATE TABLE "metric_snapshot" (
	"community_id" uuid NOT NULL,
	"metric" text NOT NULL,
	"version" integer NOT NULL,
	"params" text NOT NULL,
	"level" smallint NOT NULL,
	"value" jsonb NOT NULL,
	"computed_at" timestamp with time zone NOT NULL,
	"refreshing_at" timestamp with time zone,
	"settled" boolean NOT NULL,
	CONSTRAINT "metric_snapshot_community_id_metric_version_params_level_pk" PRIMARY KEY("community_id","metric","version","params","level")
);
--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "audit_entry" ADD CONSTRAINT "audit_entry_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "auth_account" ADD CONSTRAINT "auth_account_user_id_auth_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."auth_user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "auth_session" ADD CONSTRAINT "auth_session_user_id_auth_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."auth_user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "auth_two_factor" ADD CONSTRAINT "auth_two_factor_user_id_auth_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."auth_user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "membership" ADD CONSTRAINT "membership_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "membership" ADD CONSTRAINT "membership_account_id_auth_user_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."auth_user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signal" ADD CONSTRAINT "signal_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signal" ADD CONSTRAINT "signal_community_id_activity_id_activity_community_id_id_fk" FOREIGN KEY ("community_id","activity_id") REFERENCES "public"."activity"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signal_decision" ADD CONSTRAINT "signal_decision_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signal_decision" ADD CONSTRAINT "signal_decision_community_id_signal_id_signal_community_id_id_fk" FOREIGN KEY ("community_id","signal_id") REFERENCES "public"."signal"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "channel" ADD CONSTRAINT "channel_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "channel" ADD CONSTRAINT "channel_community_id_source_id_source_community_id_id_fk" FOREIGN KEY ("community_id","source_id") REFERENCES "public"."source"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity" ADD CONSTRAINT "identity_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity_label" ADD CONSTRAINT "identity_label_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity_link" ADD CONSTRAINT "identity_link_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity_link" ADD CONSTRAINT "identity_link_community_id_identity_a_identity_community_id_id_fk" FOREIGN KEY ("community_id","identity_a") REFERENCES "public"."identity"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity_link" ADD CONSTRAINT "identity_link_community_id_identity_b_identity_community_id_id_fk" FOREIGN KEY ("community_id","identity_b") REFERENCES "public"."identity"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox_delivery" ADD CONSTRAINT "outbox_delivery_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox_delivery" ADD CONSTRAINT "outbox_delivery_community_id_outbox_id_outbox_community_id_id_fk" FOREIGN KEY ("community_id","outbox_id") REFERENCES "public"."outbox"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "raw_record" ADD CONSTRAINT "raw_record_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "raw_record" ADD CONSTRAINT "raw_record_community_id_source_id_source_community_id_id_fk" FOREIGN KEY ("community_id","source_id") REFERENCES "public"."source"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rejected_record" ADD CONSTRAINT "rejected_record_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rejected_record" ADD CONSTRAINT "rejected_record_community_id_source_id_source_community_id_id_fk" FOREIGN KEY ("community_id","source_id") REFERENCES "public"."source"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "source" ADD CONSTRAINT "source_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stream" ADD CONSTRAINT "stream_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stream" ADD CONSTRAINT "stream_community_id_source_id_source_community_id_id_fk" FOREIGN KEY ("community_id","source_id") REFERENCES "public"."source"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sync" ADD CONSTRAINT "sync_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sync" ADD CONSTRAINT "sync_community_id_source_id_source_community_id_id_fk" FOREIGN KEY ("community_id","source_id") REFERENCES "public"."source"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sync_log" ADD CONSTRAINT "sync_log_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sync_log" ADD CONSTRAINT "sync_log_community_id_sync_id_sync_community_id_id_fk" FOREIGN KEY ("community_id","sync_id") REFERENCES "public"."sync"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thread" ADD CONSTRAINT "thread_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thread" ADD CONSTRAINT "thread_community_id_source_id_source_community_id_id_fk" FOREIGN KEY ("community_id","source_id") REFERENCES "public"."source"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "thread" ADD CONSTRAINT "thread_community_id_channel_id_channel_community_id_id_fk" FOREIGN KEY ("community_id","channel_id") REFERENCES "public"."channel"("community_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dirty_identity" ADD CONSTRAINT "dirty_identity_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity_activity" ADD CONSTRAINT "identity_activity_community_id_identity_id_identity_community_id_id_fk" FOREIGN KEY ("community_id","identity_id") REFERENCES "public"."identity"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "kind_suggestion" ADD CONSTRAINT "kind_suggestion_community_id_identity_id_identity_community_id_id_fk" FOREIGN KEY ("community_id","identity_id") REFERENCES "public"."identity"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "member" ADD CONSTRAINT "member_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "member_text" ADD CONSTRAINT "member_text_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "member_text" ADD CONSTRAINT "member_text_community_id_member_id_member_community_id_id_fk" FOREIGN KEY ("community_id","member_id") REFERENCES "public"."member"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "question_mark" ADD CONSTRAINT "question_mark_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "question_mark" ADD CONSTRAINT "question_mark_community_id_thread_id_thread_community_id_id_fk" FOREIGN KEY ("community_id","thread_id") REFERENCES "public"."thread"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "activity_day" ADD CONSTRAINT "activity_day_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dirty_day" ADD CONSTRAINT "dirty_day_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "search_title" ADD CONSTRAINT "search_title_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "metric_snapshot" ADD CONSTRAINT "metric_snapshot_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "mail_message_waiting" ON "mail_message" USING btree ("state","next_attempt_at");--> statement-breakpoint
CREATE INDEX "mail_message_scope" ON "mail_message" USING btree ("scope","created_at","id");--> statement-breakpoint
CREATE INDEX "api_key_hash" ON "api_key" USING btree ("key_hash");--> statement-breakpoint
CREATE INDEX "audit_of_object" ON "audit_entry" USING btree ("community_id","object_kind","object_id","id");--> statement-breakpoint
CREATE INDEX "audit_of_actor" ON "audit_entry" USING btree ("community_id","actor","id");--> statement-breakpoint
CREATE INDEX "auth_account_of_user" ON "auth_account" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "auth_rate_limit_age" ON "auth_rate_limit" USING btree ("last_request");--> statement-breakpoint
CREATE INDEX "auth_session_of_user" ON "auth_session" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "auth_two_factor_of_user" ON "auth_two_factor" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "auth_verification_identifier" ON "auth_verification" USING btree ("identifier");--> statement-breakpoint
CREATE INDEX "invitation_token" ON "invitation" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "membership_of_account" ON "membership" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "signal_recent" ON "signal" USING btree ("community_id","occurred_at","id");--> statement-breakpoint
CREATE INDEX "signal_by_kind" ON "signal" USING btree ("community_id","kind","state","occurred_at","id");--> statement-breakpoint
CREATE INDEX "signal_of_source" ON "signal" USING btree ("community_id","source_id","occurred_at","id");--> statement-breakpoint
CREATE INDEX "signal_of_thread" ON "signal" USING btree ("community_id","thread_id");--> statement-breakpoint
CREATE INDEX "signal_of_identity" ON "signal" USING btree ("community_id","identity_id");--> statement-breakpoint
CREATE INDEX "signal_quote" ON "signal" USING gin ("quote" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "activity_of_thread" ON "activity" USING btree ("community_id","thread_id","occurred_at");--> statement-breakpoint
CREATE INDEX "activity_of_identity" ON "activity" USING btree ("community_id","identity_id","occurred_at");--> statement-breakpoint
CREATE INDEX "activity_recent" ON "activity" USING btree ("community_id","occurred_at");--> statement-breakpoint
CREATE INDEX "identity_of_member" ON "identity" USING btree ("community_id","member_id");--> statement-breakpoint
CREATE INDEX "identity_email" ON "identity" USING btree ("community_id","email") WHERE email IS NOT NULL;--> statement-breakpoint
CREATE INDEX "identity_link_b" ON "identity_link" USING btree ("community_id","identity_b");--> statement-breakpoint
CREATE INDEX "sync_of_source" ON "sync" USING btree ("community_id","source_id","started_at");--> statement-breakpoint
CREATE INDEX "thread_recent" ON "thread" USING btree ("community_id","last_activity_at","id");--> statement-breakpoint
CREATE INDEX "thread_waiting" ON "thread" USING btree ("community_id","waiting_since","id") WHERE waiting_since IS NOT NULL;--> statement-breakpoint
CREATE INDEX "thread_question" ON "thread" USING btree ("community_id","question","visibility") WHERE question <> 'none' AND deleted_at IS NULL;--> statement-breakpoint
CREATE INDEX "thread_opener" ON "thread" USING btree ("community_id","opener_id");--> statement-breakpoint
CREATE INDEX "thread_opened" ON "thread" USING btree ("community_id","opened_at");--> statement-breakpoint
CREATE INDEX "member_recent_team" ON "member" USING btree ("community_id",(last_activity_at[3]),"id");--> statement-breakpoint
CREATE INDEX "member_recent_restricted" ON "member" USING btree ("community_id",(last_activity_at[4]),"id");--> statement-breakpoint
CREATE INDEX "member_first_team" ON "member" USING btree ("community_id",(first_activity_at[3]),"id");--> statement-breakpoint
CREATE INDEX "member_first_restricted" ON "member" USING btree ("community_id",(first_activity_at[4]),"id");--> statement-breakpoint
CREATE INDEX "member_busy_team" ON "member" USING btree ("community_id",(activity_counts[3]),"id");--> statement-breakpoint
CREATE INDEX "member_busy_restricted" ON "member" USING btree ("community_id",(activity_counts[4]),"id");--> statement-breakpoint
CREATE INDEX "member_name" ON "member" USING btree ("community_id",lower(display_name),"id");--> statement-breakpoint
CREATE INDEX "member_marked" ON "member" USING btree ("community_id","kind","id") WHERE kind <> 'human';--> statement-breakpoint
CREATE INDEX "member_day_by_day" ON "member_day" USING btree ("community_id","day","identity_id");--> statement-breakpoint
CREATE INDEX "member_text_trigrams" ON "member_text" USING gin (text gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "question_mark_recent" ON "question_mark" USING btree ("community_id","at");--> statement-breakpoint
CREATE INDEX "search_document_tokens" ON "search_document" USING gin ("tokens");--> statement-breakpoint
CREATE INDEX "search_document_recent" ON "search_document" USING btree ("community_id","occurred_at");--> statement-breakpoint
CREATE INDEX "search_title_trigrams" ON "search_title" USING gin ("title" gin_trgm_ops);
CREATE TABLE "affiliation" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"identity_id" uuid NOT NULL,
	"organization_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"from_at" timestamp with time zone,
	"to_at" timestamp with time zone,
	"evidence" text NOT NULL,
	CONSTRAINT "affiliation_community_id_id_pk" PRIMARY KEY("community_id","id"),
	CONSTRAINT "affiliation_key" UNIQUE NULLS NOT DISTINCT("community_id","source_id","identity_id","organization_id","from_at")
);
--> statement-breakpoint
CREATE TABLE "inbox_record" (
	"community_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"stream" text NOT NULL,
	"external_id" text NOT NULL,
	"payload" text NOT NULL,
	"as_of" timestamp with time zone,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_record_community_id_source_id_id_pk" PRIMARY KEY("community_id","source_id","id")
);
--> statement-breakpoint
CREATE TABLE "organization" (
	"community_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"key" text NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "organization_community_id_id_pk" PRIMARY KEY("community_id","id"),
	CONSTRAINT "organization_key" UNIQUE("community_id","key")
);
--> statement-breakpoint
CREATE TABLE "organization_name" (
	"community_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"value" text NOT NULL,
	"organization_id" uuid NOT NULL,
	CONSTRAINT "organization_name_community_id_kind_value_pk" PRIMARY KEY("community_id","kind","value")
);
--> statement-breakpoint
ALTER TABLE "source" ADD COLUMN "privacy" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "stream" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "affiliation" ADD CONSTRAINT "affiliation_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "affiliation" ADD CONSTRAINT "affiliation_community_id_identity_id_identity_community_id_id_fk" FOREIGN KEY ("community_id","identity_id") REFERENCES "public"."identity"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "affiliation" ADD CONSTRAINT "affiliation_community_id_organization_id_organization_community_id_id_fk" FOREIGN KEY ("community_id","organization_id") REFERENCES "public"."organization"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "affiliation" ADD CONSTRAINT "affiliation_community_id_source_id_source_community_id_id_fk" FOREIGN KEY ("community_id","source_id") REFERENCES "public"."source"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbox_record" ADD CONSTRAINT "inbox_record_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbox_record" ADD CONSTRAINT "inbox_record_community_id_source_id_source_community_id_id_fk" FOREIGN KEY ("community_id","source_id") REFERENCES "public"."source"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organization" ADD CONSTRAINT "organization_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organization_name" ADD CONSTRAINT "organization_name_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organization_name" ADD CONSTRAINT "organization_name_community_id_organization_id_organization_community_id_id_fk" FOREIGN KEY ("community_id","organization_id") REFERENCES "public"."organization"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "affiliation_of_identity" ON "affiliation" USING btree ("community_id","identity_id");--> statement-breakpoint
CREATE INDEX "organization_name_of" ON "organization_name" USING btree ("community_id","organization_id");--> statement-breakpoint
CREATE INDEX "stream_due" ON "stream" USING btree ("next_run_at") WHERE next_run_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "thread_of_kind" ON "thread" USING btree ("community_id","kind","visibility");
CREATE TABLE "listener" (
	"community_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"owner" text NOT NULL,
	"lease_until" timestamp with time zone NOT NULL,
	"fingerprint" text NOT NULL,
	"state" text NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL,
	"reason" text DEFAULT '' NOT NULL,
	"last_received_at" timestamp with time zone,
	CONSTRAINT "listener_community_id_source_id_pk" PRIMARY KEY("community_id","source_id")
);
--> statement-breakpoint
ALTER TABLE "listener" ADD CONSTRAINT "listener_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listener" ADD CONSTRAINT "listener_community_id_source_id_source_community_id_id_fk" FOREIGN KEY ("community_id","source_id") REFERENCES "public"."source"("community_id","id") ON DELETE cascade ON UPDATE no action;
CREATE TABLE "link_statement" (
	"community_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"stream" text NOT NULL,
	"external_id" text NOT NULL,
	"link_id" uuid NOT NULL,
	CONSTRAINT "link_statement_community_id_source_id_stream_external_id_link_id_pk" PRIMARY KEY("community_id","source_id","stream","external_id","link_id")
);
--> statement-breakpoint
ALTER TABLE "link_statement" ADD CONSTRAINT "link_statement_community_id_community_id_fk" FOREIGN KEY ("community_id") REFERENCES "public"."community"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "link_statement" ADD CONSTRAINT "link_statement_community_id_source_id_source_community_id_id_fk" FOREIGN KEY ("community_id","source_id") REFERENCES "public"."source"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "link_statement" ADD CONSTRAINT "link_statement_community_id_link_id_identity_link_community_id_id_fk" FOREIGN KEY ("community_id","link_id") REFERENCES "public"."identity_link"("community_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "link_statement_of_link" ON "link_statement" USING btree ("community_id","link_id");
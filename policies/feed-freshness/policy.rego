# METADATA
# title: Fresh advisories for every package
# description: Every feed that was asked is this fresh, and every kind of package has one. What is stale or missing makes the verdict unknown, not failed.
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [report.vulnerabilities, report.completeness]
#   params:
#     days:
#       description: the greatest age in days of the newest record of a feed
#       type: integer
#       minimum: 1
#       default: 30
#     missing:
#       description: count packages without a feed
#       type: boolean
#       default: true
package plimsoll.rules.feed_freshness

violations contains {"level": "undecided", "message": message, "evidence": evidence} if {
	some feed in input.report.completeness.feeds
	not fresh(feed)
	evidence := {"ecosystem": feed.ecosystem, "newest": feed.newest}
	message := concat("", ["the newest advisory for ", feed.ecosystem, " is ", age(feed)])
}

violations contains {"level": "undecided", "message": message, "evidence": {"ecosystem": ecosystem}} if {
	input.params.feed_freshness.missing
	some ecosystem in input.report.completeness.withoutFeed
	message := concat("", ["there are no advisories for ", ecosystem, " packages"])
}

fresh(feed) if plimsoll.days_between(feed.newest, input.now) <= input.params.feed_freshness.days

age(feed) := concat("", [format_int(plimsoll.days_between(feed.newest, input.now), 10), " days old"])

age(feed) := "undated" if not plimsoll.days_between(feed.newest, input.now)

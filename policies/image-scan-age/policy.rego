# METADATA
# title: No old scan
# description: "No image that was scanned longer ago: advisories have come since."
# scope: package
# custom:
#   level: warning
#   critical: false
#   mode: warn
#   needs: [images]
#   params:
#     days:
#       description: as many days as a scan may be old
#       type: integer
#       minimum: 0
#       default: 7
package plimsoll.rules.image_scan_age

import data.plimsoll.images

violations contains {"message": message, "evidence": {"image": image.text, "scannedAt": image.verdict.scannedAt}} if {
	some image in input.images
	days := floor(plimsoll.days_between(image.verdict.scannedAt, input.now))
	days > input.params.image_scan_age.days
	message := concat("", [images.called_with_verdict(image), " was scanned ", format_int(days, 10), " days ago; scan it again"])
}

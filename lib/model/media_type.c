/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of media types and sentences for what is wrong with files. */
#include "trapkit/model.h"

const char *media_type_mime(enum media_type type)
{
	switch (type) {
	case MEDIA_JPEG:
		return "image/jpeg";
	case MEDIA_PNG:
		return "image/png";
	case MEDIA_AVI:
		return "video/x-msvideo";
	case MEDIA_MP4:
		return "video/mp4";
	case MEDIA_MOV:
		return "video/quicktime";
	case MEDIA_MKV:
		return "video/x-matroska";
	case MEDIA_WEBM:
		return "video/webm";
	case MEDIA_UNKNOWN:
	case MEDIA_OTHER_IMAGE:
	case MEDIA_OTHER_VIDEO:
		break;
	}
	return NULL;
}

bool media_type_is_video(enum media_type type)
{
	return type == MEDIA_AVI || type == MEDIA_MP4 || type == MEDIA_MOV || type == MEDIA_MKV ||
		type == MEDIA_WEBM || type == MEDIA_OTHER_VIDEO;
}

const char *media_trouble_text(enum media_trouble bit)
{
	switch (bit) {
	case TROUBLE_NOT_MEDIA:
		return "its contents are not a picture or video of a known type";
	case TROUBLE_WRONG_NAME:
		return "its contents are of another type than its name says";
	case TROUBLE_TRUNCATED:
		return "it is cut short";
	case TROUBLE_BAD_EXIF:
		return "its EXIF block is damaged; what could be read was";
	case TROUBLE_BAD_DATE:
		return "a date in it is not a date";
	case TROUBLE_BAD_GPS:
		return "its GPS position is a placeholder or out of range";
	case TROUBLE_CLOCK_RESET:
		return "its date is before 2001 or in the future; the camera's clock was not set";
	case TROUBLE_UNREADABLE:
		return "it cannot be read; the card or disk may be failing";
	case TROUBLE_NO_DATE:
		return "no date is in it; only the time the file was written is known";
	}
	return "unknown trouble";
}

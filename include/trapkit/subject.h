/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the words of detectors and classifiers stand for: animals, people, vehicles. */
#ifndef TRAPKIT_SUBJECT_H
#define TRAPKIT_SUBJECT_H

#ifdef __cplusplus
extern "C" {
#endif

enum subject { SUBJECT_OTHER, SUBJECT_ANIMAL, SUBJECT_HUMAN, SUBJECT_VEHICLE };

/*
 * Of a category or a class of a results file: its name, and its description or NULL. Case, accents
 * and what stands between words do not matter; "human-camera trapper" and "Homo sapiens" are people
 * by their first word. A description is SpeciesNet's
 * "id;class;order;family;genus;species;common name": genus Homo is people, and the common name
 * counts as the name does.
 *
 * Sources of the words: MegaDetector (animal, person, vehicle; contracts/detector.md 2), Camtrap
 * DP's observationType (animal, human, vehicle), COCO's category "person" and its supercategory
 * "vehicle", the labels of SpeciesNet, DeepFaune, Wildlife Insights and LILA BC (human, homo
 * sapiens, hunter, hiker, cyclist …), TRAPPER (Homo sapiens), and the words for the first three in
 * Dutch, French, German, Italian, Polish, Portuguese and Spanish, for models that people trained
 * themselves. Where a word is in doubt it is here: an animal that is covered can be seen in the
 * original, a person that was not cannot be taken back.
 */
enum subject subject_of(const char *name, const char *description);

#ifdef __cplusplus
}
#endif

#endif

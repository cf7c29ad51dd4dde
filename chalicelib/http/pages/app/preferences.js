// What a person chose for this phone. It is stored with the login, and deleted at logout.

import { change } from "./queue.js";

// Adds a service to the favourites, or removes it. It says which, because a transaction can be repeated.
export const setFavourite = (id, isFavourite) =>
  change(async (store) => {
    const others = ((await store.value("favourites")) ?? []).filter((other) => other !== id);
    await store.putValue("favourites", isFavourite ? [...others, id] : others);
  });

export const setShortcuts = (areOn) => change((store) => store.putValue("shortcutsOff", !areOn));

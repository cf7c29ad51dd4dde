// What a person chose for this phone. It is stored with the login, and deleted at logout.

import { announceChange, transact } from "./store.js";

// Adds a service to the favourites, or removes it.
export async function toggleFavourite(id) {
  await transact(async (store) => {
    const favourites = (await store.value("favourites")) ?? [];
    const others = favourites.filter((other) => other !== id);
    await store.putValue("favourites", others.length < favourites.length ? others : [...favourites, id]);
  });
  announceChange();
}

export async function setShortcuts(areOn) {
  await transact((store) => store.putValue("shortcutsOff", !areOn));
  announceChange();
}

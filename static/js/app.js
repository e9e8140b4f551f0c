// Behaviour that every page has. All of it adds to pages that work without it.
import "./clock.js";
import "./dialogs.js";
import "./failures.js";
import "./jump.js";
import "./keys.js";
import "./leaving.js";
import "./merge.js";
import "./patience.js";
import "./swaps.js";

/**
 * Many servers as one. Import modules by their names where start-up time matters: this file loads them all.
 */
export {}

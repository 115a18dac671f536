/** Where in the page a network can be looked into. */

export const panelId = (trial: number): string => `trial-${trial}`;
export const panelLink = (trial: number): string => `#${panelId(trial)}`;

/** What a page in a frame asks the page around it, and is answered with `isLight`. */
export const THEME_MESSAGE = 'studio-theme';

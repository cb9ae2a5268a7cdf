/** A picture in Wasm memory. */
export interface RenderedImage {
  /** The bytes of a PNG file, in Wasm memory or outside. */
  asPng(): Uint8Array;
  /** Gives the memory back. */
  free(): void;
}

/** A parsed document in Wasm memory. */
export interface Renderer {
  /** Draws it. */
  render(): RenderedImage;
  /** Gives the memory back. */
  free(): void;
}

/** How a document is rendered. */
export interface RenderOptions {
  /** Pixels of the picture per pixel of the document. */
  scale: number;
  /** Font files; the system's are out of reach. */
  fonts: Uint8Array[];
  /** Family for text whose own families are not among the fonts. */
  family: string;
}

/**
 * Compiles resvg, once per process.
 *
 * @returns Parses a document. Throws where it is no SVG.
 */
export function loadResvg(): Promise<(svg: string, options: RenderOptions) => Renderer>;

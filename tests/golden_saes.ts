/** The trained autoencoders of `tests/golden/saes.json`. */
import { Sae, type SaeType } from "../lib/saes.ts";
import { toFloat32 } from "../lib/matrix.ts";
import { goldenCase, toMatrix } from "./golden.ts";

/** The autoencoder that the golden case `train_<type>` ends with. */
export function trainedSae(type: SaeType): Sae {
  const { inputs, expected } = goldenCase("saes", `train_${type}`);
  const { Ae, be, Ad, bd, logthreshold } = expected.final_parameters;
  return new Sae({
    type,
    kval: inputs.kval,
    parameters: {
      encoder: toFloat32(toMatrix(Ae)),
      encoderBias: Float32Array.from(be.data),
      decoder: toFloat32(toMatrix(Ad)),
      decoderBias: Float32Array.from(bd.data),
      ...(logthreshold && { logThreshold: Float32Array.from(logthreshold.data) }),
    },
  });
}

namespace SimCLR

open System
open System.IO
open SimCLR.Core.Runtime

/// A safetensors file of an encoder's weights, known by its content.
type WeightsFile =
    {
        /// Where it lies. Neither hash nor stored training has it: the same content is the same run, wherever it lies.
        Path: string
        /// SHA-256 of the content, in hexadecimal digits.
        Sha256: string
        /// What the file puts before the encoder's own names, such as "backbone."; None: that is found out.
        Prefix: string option
    }

/// Weights that an encoder begins with in place of drawn ones.
[<RequireQualifiedAccess>]
type InitialWeights =
    /// Of a file: of torchvision, timm, another project, or this one (docs/weights.md).
    | File of WeightsFile
    /// What a training of the same store came to, by its hash (Run.trainingHash).
    | Training of hash: string

/// Weights that an encoder begins with: of a file, or of another training.
[<RequireQualifiedAccess>]
module InitialWeights =

    let private isHex length (text: string) =
        text.Length = length && Seq.forall Char.IsAsciiHexDigitLower text

    /// SHA-256 of a file's content, in hexadecimal digits; known for a file of the same size and time.
    let internal fingerprint (path: string) = FileDigest.Sha256 path

    let internal missing path =
        $"There is no file {path}; give one of safetensors (docs/weights.md says how to make it)."

    /// Of a file, which is read to know its content. Fails where there is none.
    let ofFile path =
        if not (File.Exists path) then
            wrongValue (missing path)

        InitialWeights.File
            {
                Path = path
                Sha256 = fingerprint path
                Prefix = None
            }

    /// What the file puts before the encoder's own names, where it holds more than one encoder.
    let withPrefix prefix weights =
        match weights with
        | InitialWeights.File file -> InitialWeights.File { file with Prefix = Some prefix }
        | InitialWeights.Training _ -> weights

    /// Of a training of the same store, by its hash.
    let ofTraining hash = InitialWeights.Training hash

    /// What a terminal says: the hash of a training, or a file.
    let internal ofText (text: string) =
        if isHex 16 text then
            Ok(InitialWeights.Training text)
        elif File.Exists text then
            Ok(ofFile text)
        else
            Error $"InitialWeights: {missing text} Or give the hash of a training, 16 hexadecimal digits."

    /// The same content, whichever place it has.
    let internal withoutPlace weights =
        match weights with
        | InitialWeights.File file -> InitialWeights.File { file with Path = "" }
        | InitialWeights.Training _ -> weights

    /// What is wrong with it, in words.
    let internal problems field weights =
        match weights with
        | InitialWeights.File file when not (isHex 64 file.Sha256) ->
            [
                $"{field}.Sha256 is '{file.Sha256}'; use 64 hexadecimal digits, as InitialWeights.ofFile finds them."
            ]
        | InitialWeights.Training hash when not (isHex 16 hash) ->
            [
                $"{field}.Training is '{hash}'; use 16 hexadecimal digits, as Run.trainingHash gives them."
            ]
        | _ -> []

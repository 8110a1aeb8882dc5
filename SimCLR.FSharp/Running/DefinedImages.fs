namespace SimCLR

open System
open System.Security.Cryptography
open System.Text
open System.Threading
open SimCLR.Core.Images
open TorchSharp

/// Images that a function loads, looked through before they are used.
[<Sealed>]
type internal DefinedImages
    (name: string, side: int, channels: int, labelled: bool, load: unit -> ImageSplits, fingerprint: unit -> string) =

    let wrong problem =
        raise (ImageSourceException $"The custom images '{name}': {problem}")

    let attempt what (action: unit -> 'T) =
        try
            action ()
        with error when not (error :? OperationCanceledException || error :? OutOfMemoryException) ->
            raise (ImageSourceException($"The custom images '{name}' {what}: {error.Message.Trim()}", error))

    let check (splits: ImageSplits) =
        for split, images in
            [
                "training", splits.Train
                "test", splits.Test
                "pretraining", splits.Pretraining
            ] do
            if images.Count < 2L then
                wrong $"there are {images.Count} {split} images; give two or more."

            if
                (images.Channels, images.Height, images.Width)
                <> (int64 channels, int64 side, int64 side)
            then
                wrong
                    $"the {split} images are {images.Channels}x{images.Height}x{images.Width}, but are defined as {channels}x{side}x{side}."

            if
                labelled
                && split <> "pretraining"
                && images.Labels.lt(torch.tensor 0L).any().ToBoolean()
            then
                wrong $"some of the {split} images have no label (-1); define them with labelled = false."

        splits

    /// Of the content: 64 hexadecimal digits.
    member _.Fingerprint() =
        attempt "have no fingerprint" fingerprint
        |> Encoding.UTF8.GetBytes
        |> SHA256.HashData
        |> Convert.ToHexStringLower

    interface IImageSource with
        member _.Name = name

        member _.Load(_, cancellation: CancellationToken) =
            cancellation.ThrowIfCancellationRequested()
            attempt "could not be loaded" load |> check

//! Known answers: one good token for every algorithm, made with keys that
//! were thrown away.
//!
//! Every payload is
//! `{"iss":"self-test","aud":"self-test","exp":253402300799}`.

use super::super::algorithm::Algorithm;

/// The issuer and the audience of every token here.
#[cfg(test)]
pub(crate) const NAME: &str = "self-test";

/// The P-256 public key: the uncompressed point, base64url.
pub(crate) const P256_POINT: &str =
    "BAOluEhFw2-EIyi07qh0rDB2_6ZXtoDmmgvcLFzC5FDXoDK9eLPk_SOAkCRTpYMtO8lA5vcSi6xeUKNe2AxWAeQ";

/// The Ed25519 public key, base64url.
pub(crate) const ED25519_KEY: &str = "_ECXWpC_Qvd1zEquKxnO--RM62iTTbF8SxEh6Uqk0Os";

/// The modulus of the RSA public key, base64url.
pub(crate) const RSA_MODULUS: &str = "zG8rzSpZrtuhQxq0KExZKMhz6IInJAhftcVdh5GBTBWFWLhn8VBMdfUCi3P6Y11kiKzuiwfwmWqEA2Z29IcFdlPnRQHniT_VWbLePew_7-zCDP4397Bn5A3UF_lB2JE8KcfO9_H72XqEqdBLm1O60PAKWbZ269dPWitxlP-SKRvEKKVPWME8cMJ04Ifb4bSG4EjBM8Rym84v2po0TRB85ip5t3w5ewbvjP2LU2ocADnvu8r39xt8i2m-lBykLP4r_VJVWZhg9p93PJuRWO8Sk18BciGGbCBFyjW5lAmyR0o0wWh2hdyc2S-6ORLpT3i6tn4m99hhO_qi650voZTsxEHLSwszRvsaEqr0EKX9fs6HAJPfeAq9Q4_fsBCJWBm5qn0NQJJdoSZzgU--6WEm5HoHdls-EO9HhTrUhpSdmIp3aicE62Kv4S_0qRvw93jP3wvSNeo74XMFQHHipv6HdYQN4SWFZbezMYMPWVvn4oFl32mRVPqkGn4grJsdjqKh";

/// The public exponent of the RSA public key, base64url.
pub(crate) const RSA_EXPONENT: &str = "AQAB";

/// The good token of `algorithm`.
pub(crate) const fn token(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Es256 => {
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJzZWxmLXRlc3QiLCJhdWQiOiJzZWxmLXRlc3QiLCJleHAiOjI1MzQwMjMwMDc5OX0.v4Lk2d7VRcn4hXZ4dcZPxxucVF4YbwqC1TsvhO-xZ6UMqomtmo9VIx8GOf-GIxlYUWRELdhor50dHwGiuTYPNw"
        }
        Algorithm::Rs256 => {
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJzZWxmLXRlc3QiLCJhdWQiOiJzZWxmLXRlc3QiLCJleHAiOjI1MzQwMjMwMDc5OX0.yw3IW3fGZvxF2UHKLXm0p3tz_gC9EOmqaiB94sT6mQGY0N-1zgWFgTg3owPBJU_uVr8Gil7C17W_GMKPfdju8QgMsJsdqAqVESqj2T2_zdA2-lAS-H2lNfOiuCWxyZOgjORAjTwkNgDDKUaL61TsdiTFUYwmT0hp6rVqYNLsqAdXvcfxR-_XrUY3FCrcaEizxfB2qIyGI18zZyAW0CVlubpGPCgu5KkEksrrsLcYCXNVbL6W-qvRt8FF1pJdS2du84dlIxplJDdmqHNHXv1-n9ni3S_h6Ahw0zJxxOuq42H0Pf6upr_CNSB7HKMvJv6FRKopuff-C_hyVKzFZ9-OEha5Yd1dDaa0TW-Hl9n5eGPE7hZhLK6P2m3DOF6Zs_87e1t5OvtHShdGmz9LdPAI7hgsZus3KTdB3nTOl4o4MbiWgHVVvV9CcTApewZfSLc5HqHX7cmfBkyQqqC0Z4dQsVnhugHucutU2tDVyC_3gImibmqL-VHqp1pELiB90Qfw"
        }
        Algorithm::Rs384 => {
            "eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJzZWxmLXRlc3QiLCJhdWQiOiJzZWxmLXRlc3QiLCJleHAiOjI1MzQwMjMwMDc5OX0.YZecaoPmgWcieIT1SDn5ER-vbRBz1qxgQvNUosJC6qYBYi1Zyjt5M345nY9mFvowubYG1_oT2uyDVMjd0XyGDetphk_sQUDLo97CV4YIIdM2gRJGCpq8O4t__rX7oE9iRimA6qUABDMj0pJbRVk1YNpH-pMLVrAPEg-kzkJW08maCcBPqMrxHUwi1NOcBISDf_yzdyZ2B7rHzZhbX0zCwlHLN4nTcsGS7abYRwc0YSZDDkzKqtFf0o9MK6ZNK8X6vhQe4HzdjAiA_jYy1C0o9jmN-8JLvzGqKcSL-RICmVfpbkvnSp8hfuII3EDPXckTc5ykC1ZBV48vr5Maa0t7DwSGqXSRVKjpZFRHqJL_tXC8xtn9VjMoTUBb5UtqKW31sgNaHcG2qmItJI3xah3t51-ZA4Iy2TZqJ0gdXGkYmST3iK5tzY2oP8hAUMTbP6W-pZVPoq0a6_W3Ayt0F-ofQDJQB2jGZWQNapCKWD25ZgGzAsbm1pvlWhOeVGMda7DE"
        }
        Algorithm::Rs512 => {
            "eyJhbGciOiJSUzUxMiJ9.eyJpc3MiOiJzZWxmLXRlc3QiLCJhdWQiOiJzZWxmLXRlc3QiLCJleHAiOjI1MzQwMjMwMDc5OX0.JH7v7WauTo-5kpAgWDIv5gFK6WaHz8a1BRWKStmzxswO0k-pXtcnEp5jpatBxUtY2V9MstgTGlHuJqr0a7LqopI9AB6dnxpKwwSRP4vD8QjhMvUlvwN3PkQ3G2T78P8ChAgTOEabm1SAvWbGmCZxUWi--jzAqnWNgCpvnFnP2br9PgAArzdu0iChAm3BE426DOThk0OiodGOCPlgVGhDhsf8hZayFQToTyoc3SmYBIHHRpJYPkTJSo3Ad-GVBA7trLH-DqEVXWy7v31YL2yUNTRYQJGwGwxfknhju_XuxvmyqikfgtrHUut_X6gWq_a3nZCEP9HwhQjqGpft5FjUsfj21WGi-8nTQVupF7MrKbQwc9B0qdBRUCujuPgtYPEfuirgm0u41fepoEXSg2d-ZkVW-Hepw0fR9BX-66PErTkpP-SK2ghPijU7qtIF1hAMYCQ0CNTSjeGSUcwIAk_vDgmSKXlrGCvxeIa0YC8FPh_AXYtPDw9CvObz1kEQpBIZ"
        }
        Algorithm::Ps256 => {
            "eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJzZWxmLXRlc3QiLCJhdWQiOiJzZWxmLXRlc3QiLCJleHAiOjI1MzQwMjMwMDc5OX0.M75R8jY6U1Ix6Zwnft7UsQLKGn5A0Iju_I6Eao5XaSvmWC7VGUWrMC6zGCVqCksHcmcgQXTDcbMFGHjHil4WSbcPgP8kIVRq2Oq91I799Ipc_Y0bP2zGEgdukdeRiR7u4McxkboTI43jNXy96H58mYy7sRVkwtju9WoyuG8b-wF0F-RDswVqm6sXS6tI0rZJNYRr_WG060C_uF6CTZL_soOrba2hMp1mvvzCIQQxRL7BZrdj_d4YbyT-1JXDPVnhLxtJ069WeMPr5jDcw3wBrK0D83fpXd16YM606yAkZIPwR_wV4Av1Rbg0YFZL3kmVP1imVPdh8y5J6E0WQPT8ExY_XRiDVisDxfXkqAfEixeoVuxy0_OcPO6ZAvh8K51e9sExmXdUyNRHZrj2h3YHFeX_QTJwUrapJlt1vRVgcKNTn8lzMfwTy96_37nD5SlIQesV8WZ7KXwIeExADge6ZRx6rnhJ5pF_oiKueKr3oSEBzbwRQoU-EK-VQMTKuFIt"
        }
        Algorithm::Ps384 => {
            "eyJhbGciOiJQUzM4NCJ9.eyJpc3MiOiJzZWxmLXRlc3QiLCJhdWQiOiJzZWxmLXRlc3QiLCJleHAiOjI1MzQwMjMwMDc5OX0.KG6JckU4CI3yhKlFNnzOiu8MH8mRVZGAw3PeFvFz7cALKMe3SpAQ2s-DcuV0ThqP_a30xxX5E9jcZI6pcNDL2bOF25Vt3CmmPwU8ywMBScn5MltIa-tG8THwy8hnoQ9mQaBtAQ03Jh4SHdaw21fdcCDwFHOMHNjNtxNYhSLh9c7qHLCmMZMkkG_1inBhbffDXa1sRaWu--wAEmHkYSpU8SOSNMQ3bGt4UCBQZImpjpC2js7MGKwNdMC6DEoEo-TqcbPdOueQpKZ8Dbnz_-JltY5h5CRkWm0tbx4KKKHCQn9zvYu_a3ivD2aQ7DZYEDeR37uesn2zWhPumzYSR8HN1epwppA-r_bUal6V47mSq24mTywPs7cfZC5bj19qnmpcpVYHqHoZUuMnoxYV-MO2hIW8jZkEiGiLuBE3Irgc-1RTpSiPMBgKF6bdVmIMOMrzyGkre9GcrRm9xB_SYX4f0auq2s2agX-2oOQF4qVcWgTsXyCI63PcSV9s83tihQgh"
        }
        Algorithm::Ps512 => {
            "eyJhbGciOiJQUzUxMiJ9.eyJpc3MiOiJzZWxmLXRlc3QiLCJhdWQiOiJzZWxmLXRlc3QiLCJleHAiOjI1MzQwMjMwMDc5OX0.YaoAZEH3CILN-nJTydxyhdsDXIKmhu6LPqzsXhsfCs-XZdrCf3SZbPCoZOD2tjqCn5IUeRjbq56pWQpOPdrUh6sOlTD-A5JU54Qf2qjQN3N7lVUYbVg9vi1HwakWkRM5YFrnNJ9FCx02X93PuPoD-dTDllFFqiw76TsEcea9P6wKrxMnujQpihMHgTWIPFY2RzOCUPoMnhequCpmoCFclg6DTMWFzMLn-EbUTemCMPG6cGz9oS96lAkTE1xBD7Rit-rzPy40rayuIm0kVN4etDd8ul_cFJ7OBbJTReZeW4zCRRb_pB9GdDtazAubGzMQbOTPUl6nUv0Dq-UwW_jp2qBCpBkKCWX6rAN4lq4iOOiuAlxcWQujvEnWL01iRJNAkI-XiqTlK-xv-rDTVUv0-lUjJUNJr_xMJrxEPy_T99D5qZdcmTENUyvAD3AADXwHcLhoN-Avu7-kFuA-giRf4hZhmOhjfscuH3RWd_n30wm9o2nAVzXZqfkF6uyPrOon"
        }
        Algorithm::EdDsa => {
            "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJzZWxmLXRlc3QiLCJhdWQiOiJzZWxmLXRlc3QiLCJleHAiOjI1MzQwMjMwMDc5OX0.6gzjKThD5Iia0CI7TO3LeR50OQeTtIYcDa0l_FZrNvEDpkU1chXFg3PH5GQh5IFlOcnKekDsnHenMtMO-k_SDA"
        }
    }
}

import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import type {
  CertificateIssuer,
  CertificateTerms,
  IssuedCertificate,
  LeafTerms,
} from '../../pipeline/admission-ports.ts';

/** RFC 5758, 3.2: ecdsa-with-SHA256. */
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
/** X.520 commonName. */
const COMMON_NAME = '2.5.4.3';

/** Certificates of our own (RFC 5280), with keys on P-256. */
export class NodeIssuer implements CertificateIssuer {
  newAuthority(terms: CertificateTerms): IssuedCertificate {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const own = nameOf(terms.name);
    const key = spkiOf(publicKey);
    const extensions = [
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(key))),
    ];
    return issued(certificate({ issuer: own, subject: own, key, terms, extensions }, privateKey), privateKey);
  }

  newCertificate(authority: IssuedCertificate, terms: LeafTerms): IssuedCertificate {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const issuer = AsnConvert.parse(new X509Certificate(authority.certificate).raw, Certificate).tbsCertificate;
    const key = spkiOf(publicKey);
    const extensions = [
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: false }), true),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
      extension(
        id_ce_extKeyUsage,
        new ExtendedKeyUsage([terms.usage === 'server' ? id_kp_serverAuth : id_kp_clientAuth]),
      ),
      extension(
        id_ce_subjectAltName,
        new SubjectAlternativeName(terms.dnsNames.map((dNSName) => new GeneralName({ dNSName }))),
      ),
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifier(key))),
      extension(
        id_ce_authorityKeyIdentifier,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(issuer.subjectPublicKeyInfo)) }),
      ),
    ];
    const parts = { issuer: issuer.subject, subject: nameOf(terms.name), key, terms, extensions };
    return issued(certificate(parts, createPrivateKey(authority.key)), privateKey);
  }
}

interface Parts {
  readonly issuer: Name;
  readonly subject: Name;
  readonly key: SubjectPublicKeyInfo;
  readonly terms: CertificateTerms;
  readonly extensions: Extension[];
}

/** A signed certificate, DER. */
function certificate({ issuer, subject, key, terms, extensions }: Parts, signer: KeyObject): Uint8Array {
  const serial = randomBytes(16);
  // RFC 5280, 4.1.2.2: positive, and so without a leading bit.
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const body = new TBSCertificate({
    version: Version.v3,
    serialNumber: arrayBuffer(serial),
    signature: algorithm,
    issuer,
    subject,
    validity: new Validity({ notBefore: terms.notBefore, notAfter: terms.notAfter }),
    subjectPublicKeyInfo: key,
    extensions: new Extensions(extensions),
  });
  const signature = sign('sha256', new Uint8Array(AsnConvert.serialize(body)), signer);
  return new Uint8Array(
    AsnConvert.serialize(
      new Certificate({ tbsCertificate: body, signatureAlgorithm: algorithm, signatureValue: arrayBuffer(signature) }),
    ),
  );
}

function issued(der: Uint8Array, key: KeyObject): IssuedCertificate {
  return {
    certificate: new X509Certificate(der).toString(),
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function nameOf(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

function spkiOf(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
}

/** RFC 5280, 4.2.1.2, method 1. */
function keyIdentifier({ subjectPublicKey }: SubjectPublicKeyInfo): ArrayBuffer {
  return arrayBuffer(createHash('sha1').update(new Uint8Array(subjectPublicKey)).digest());
}

function extension(extnID: string, value: unknown, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
